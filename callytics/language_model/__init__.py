"""A language model on this machine: llama.cpp and a GGUF file, without a network."""

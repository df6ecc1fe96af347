"""The Serve graph: one file per application, thin shells around the library. Only this package imports ray."""

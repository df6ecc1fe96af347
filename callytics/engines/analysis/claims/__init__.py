"""Does a quote prove a claim? By rule, without a model.

quotes.py     are the words of the quote in the turn, character by character?
figures.py    are the numbers, units, days and names of the claim in the quotes?
clauses.py    a sentence as clauses with polarity, tense and acting party; words of one meaning are one concept
english.py    reads English clauses by form
korean.py     reads Korean clauses by Kiwi's morphemes
judge.py      compares the clauses of the claim with those of its quotes
"""

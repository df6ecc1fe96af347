"""Does a quote prove a claim? Without a language model.

quotes.py         are the words of the quote in the turn, character by character?
judge.py          the rules in order, and deed against promise
figures.py        are the numbers, units and days of the claim in its quotes?
polarity.py       is what a claim says denied by its quotes, or the other way round?
party.py          which party acts in the claim, and which in its quotes?
learned.py        a logistic model that must believe what the rules let pass (judge_model.json)
signs.py          what speaks for and against a claim
cues.py           forms that a sign looks for
exact_figures.py  figures by whole number phrases
heard.py          quotes as clauses, and which of them speak of the same as a claim
clauses.py        a clause with polarity, tense and acting party; words of one meaning are one concept (concepts.tsv)
english.py        reads English clauses by form; its word lists are in english_words.py
korean.py         reads Korean clauses by Kiwi's morphemes
"""

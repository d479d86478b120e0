"""The guided lesson: a list of steps on the pages themselves, and the bar that asks, waits, and tells.

`steps.py` is the list. What a step asks, of whichever network is looked at, is in `one_layer`, `learning`, `inside` and
`pictures`; every sentence is in `words`. `going` knows which step the visitor is at, `light` lets the rest of the page
step back, `bar` draws. `dashboard.py` calls it; no page knows it.

What is taken away at its end is a page, `9_tour.py`: `record` gathers a visitor's own, `worksheets` makes the same
steps into questions on paper, and `take_away` draws both.
"""

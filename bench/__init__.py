"""How fast, how many calls, how much money: each figure a ratio or a count, printed by `make bench`."""

"""The language of composite alarms' rules, evaluated: what somebody hears when these alarms are in alarm.

Source: Amazon CloudWatch User Guide, "Combining alarms" (rule expressions, action suppression).
"""

import re

WORD = re.compile(r"\s*(ALARM\(([^)]+)\)|AND|OR|NOT|\(|\))")


def true(rule, state):
    """Whether `rule` holds where `state(name)` says which alarms are in alarm. NOT binds before AND, AND before OR."""
    words = [found.group(2) or found.group(1) for found in WORD.finditer(rule)]
    assert "".join(rule.split()) == "".join("".join(found.group(0).split()) for found in WORD.finditer(rule))
    value = either(words, state)
    assert not words, words
    return value


def either(words, state):
    value = both(words, state)
    while words and words[0] == "OR":
        words.pop(0)
        value = both(words, state) or value
    return value


def both(words, state):
    value = single(words, state)
    while words and words[0] == "AND":
        words.pop(0)
        value = single(words, state) and value
    return value


def single(words, state):
    word = words.pop(0)
    if word == "NOT":
        return not single(words, state)
    if word == "(":
        value = either(words, state)
        assert words.pop(0) == ")"
        return value
    return state(word)


def named(rule):
    """The alarms that a rule looks at."""
    return [found.group(2) for found in WORD.finditer(rule) if found.group(2)]


class Composites:
    """The composite alarms of an environment, while these leaves are in alarm."""

    def __init__(self, stacks, *leaves):
        self.prefix = f"fugace-{stacks.environment}-"
        self.rules = {each["AlarmName"]: each for each in stacks.properties("CloudWatch::CompositeAlarm")}
        known = {each["AlarmName"] for each in stacks.properties("CloudWatch::Alarm")}
        self.leaves = {self.prefix + leaf for leaf in leaves}
        assert self.leaves <= known, self.leaves - known

    def state(self, name):
        return true(self.rules[name]["AlarmRule"], self.state) if name in self.rules else name in self.leaves

    @property
    def pages(self):
        """Who speaks: what is in alarm, acts, and is not silenced."""
        return sorted(
            name.removeprefix(self.prefix)
            for name, each in self.rules.items()
            if each.get("AlarmActions") and self.state(name) and not self.silenced(each)
        )

    def silenced(self, each):
        return "ActionsSuppressor" in each and self.state(each["ActionsSuppressor"])

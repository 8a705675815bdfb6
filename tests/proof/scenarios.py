"""What can go wrong, as AWS documents it or as carriers are known for."""

from tests.proof.outage import Scenario

DYNAMO, SQS, KMS = {"service": "dynamodb"}, {"service": "sqs"}, {"service": "kms"}
SEED = 20261127

QUICK = (
    Scenario(
        "DynamoDB throttles every second call of accepting",
        [{**DYNAMO, "kind": "throttle", "function": "send", "share": 0.5, "seed": SEED}],
        lasts=3,
    ),
    Scenario(
        "answers of accepting writes are lost",
        [
            {
                **DYNAMO,
                "kind": "reset",
                "when": "after",
                "action": "PutItem",
                "function": "send",
                "share": 0.5,
                "seed": SEED,
            }
        ],
    ),
    Scenario(
        "the relay is killed as it has sent, three times",
        [{**SQS, "kind": "kill", "when": "after", "function": "relay", "count": 3}],
        lasts=3,
    ),
    Scenario(
        "the table refuses receipts, and takes them from the queue later",
        [{**DYNAMO, "kind": "throttle", "function": "receive", "action": "UpdateItem"}],
        lasts=4,
    ),
)
"""What heals within seconds."""

SLOW = (
    Scenario("DynamoDB throttles three calls in ten", [{**DYNAMO, "kind": "throttle", "share": 0.3, "seed": SEED}]),
    Scenario("DynamoDB fails one call in five", [{**DYNAMO, "kind": "error", "share": 0.2, "seed": SEED}]),
    Scenario(
        "answers of DynamoDB are lost, one in seven",
        [{**DYNAMO, "kind": "reset", "when": "after", "share": 0.15, "seed": SEED}],
    ),
    Scenario(
        "DynamoDB is slow, one call in ten", [{**DYNAMO, "kind": "slow", "share": 0.1, "seed": SEED, "seconds": 4}]
    ),
    Scenario("SQS throttles every second call", [{**SQS, "kind": "throttle", "share": 0.5, "seed": SEED}]),
    Scenario("SQS fails and says so", [{**SQS, "kind": "error", "share": 0.5, "seed": SEED}]),
    Scenario("answers of SQS are lost", [{**SQS, "kind": "reset", "when": "after", "share": 0.5, "seed": SEED}]),
    Scenario(
        "KMS throttles all calls as functions begin anew",
        [{**KMS, "kind": "throttle"}],
        cold=("send", "relay", "dispatch", "receive", "notify"),
    ),
    Scenario(
        "KMS fails as functions begin anew",
        [{**KMS, "kind": "error"}],
        cold=("send", "dispatch", "receive", "notify"),
    ),
    Scenario(
        "accepting is killed as it has written, five times",
        [{**DYNAMO, "kind": "kill", "when": "after", "function": "send", "action": "PutItem", "count": 5}],
    ),
    Scenario(
        "dispatch is killed as it has claimed, twice",
        [{**DYNAMO, "kind": "kill", "when": "after", "function": "dispatch", "action": "UpdateItem", "count": 2}],
    ),
    Scenario(
        "dispatch is killed before it notes a hand-over",
        [{**DYNAMO, "kind": "kill", "function": "dispatch", "action": "UpdateItem", "skip": 12, "count": 2}],
    ),
    Scenario(
        "dispatch cannot note hand-overs",
        [{**DYNAMO, "kind": "error", "function": "dispatch", "action": "UpdateItem", "skip": 10, "count": 60}],
    ),
    Scenario(
        "receiving is killed as it has written, five times",
        [{**DYNAMO, "kind": "kill", "when": "after", "function": "receive", "action": "UpdateItem", "count": 5}],
    ),
    Scenario(
        "notifying is killed, three times",
        [{**DYNAMO, "kind": "kill", "when": "after", "function": "notify", "count": 3}],
    ),
    Scenario("accepting is two minutes ahead, and relay behind", clocks={"send": 30, "relay": -90}),
    Scenario("dispatch is two minutes ahead, receiving behind", clocks={"dispatch": 120, "receive": -120}),
    Scenario("accepting's clock is ten minutes wrong", clocks={"send": 600}),
    Scenario("the emulator is killed under load, and started again", crash=True),
    Scenario("the carrier is in maintenance", carrier={"503-once": 12, "429-once": 6}),
    Scenario("the carrier takes it and says nothing", carrier={"taken-then-silence": 12, "taken-then-500": 6}),
    Scenario("the carrier says nothing, and has nothing", carrier={"silence": 8, "garbled": 8}),
    Scenario(
        "the carrier repeats and reorders receipts", carrier={"duplicates": 8, "reordered": 8, "receipt-first": 8}
    ),
    Scenario("the carrier loses receipts at first", carrier={"forged-first": 8, "delivered-late": 8}),
)
"""What may need a claim to grow old (three minutes), and a queue to show a body again (four)."""

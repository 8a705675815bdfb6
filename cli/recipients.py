"""Who gets personal data: carriers, the cloud, tenants' webhooks."""

from cli.deployment import Deployment, Recipient
from cli.words import table
from fugace.datamap.places import PLACES
from fugace.datamap.resources import EMPTY, HOLDERS

_SERVICES = {
    "ApiGateway": "API Gateway",
    "CloudWatch": "CloudWatch",
    "CodeDeploy": "CodeDeploy",
    "DynamoDB": "DynamoDB",
    "IAM": "IAM",
    "KMS": "KMS",
    "Lambda": "Lambda",
    "Logs": "CloudWatch Logs",
    "S3": "S3",
    "SNS": "SNS",
    "SQS": "SQS",
    "Scheduler": "EventBridge Scheduler",
    "SecretsManager": "Secrets Manager",
    "StepFunctions": "Step Functions",
    "WAFv2": "WAF (where it is switched on)",
}


def page(deployment: Deployment) -> list[str]:
    """Its lines."""
    types = [*EMPTY, *(each.type for each in HOLDERS)]
    services = sorted({_SERVICES[each.partition("::")[0]] for each in types})
    told = PLACES[30]
    return [
        "# Recipients",
        "",
        f"Who gets personal data from the deployment `{deployment.name}` (Art. 13(1)(e), 15(1)(c), 28(2), 30 GDPR).",
        "",
        "## Carriers",
        "",
        "Each gets number and text, in clear, of the messages that it delivers: a live message goes to the carrier of",
        "its tenant, a rehearsal to a simulator.",
        "",
        *table(
            ("carrier", "adapter", "reached at", "where its data are", "what it keeps"),
            map(_carrier, deployment.carriers),
        ),
        "## Amazon Web Services",
        "",
        f"Sub-processor, in {deployment.place} alone, with these services:",
        f"{', '.join(services)}.",
        "",
        "Number, text and reference of a message are sealed in its databases. Names of roles and keys, and bills, are",
        "held by AWS for the whole account, outside the Region too: nobody who is written to is in them.",
        "",
        "## Webhooks of tenants",
        "",
        f"To addresses that a tenant, as controller, sets: {told.what}. {told.protection}.",
        "",
        "## Nobody else",
        "",
        "No analytics, no error tracker, no support tool. People of the operator see ids, words, times and counts; who",
        "of them may use the root key can also open what is sealed, which CloudTrail shows.",
    ]


def _carrier(each: Recipient) -> tuple[str, ...]:
    return f"`{each.name}`", f"`{each.adapter}`", f"`{each.host}`", each.terms.region, each.terms.keeps

"""Resources in CloudFormation's words, for tests of what is deployed."""

from typing import Any


def table(**more: Any) -> dict[str, Any]:
    """A table, in CloudFormation's words."""
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            **more,
        },
    }


def ttl(enabled: bool = True) -> dict[str, Any]:
    return {"AttributeName": "expires_at", "Enabled": enabled}

"""Where a carrier with one callback URL per account is to report: `python -m local.callback CARRIER API_URL` prints it.

The URL ends in a proof of ours, which takes the environment's root key: the AWS environment must lead to it.
"""

import os
import sys

from cli import options
from fugace.domain import callbacks
from fugace.edge import wiring


def main(carrier: str, api_url: str) -> None:
    """Print the URL."""
    vault = wiring.vault(options.settings(os.environ["FUGACE_ENVIRONMENT"]))
    print(f"{api_url}/dlr/{carrier}/{callbacks.token(vault.sign, carrier, callbacks.ACCOUNT)}")


if __name__ == "__main__":
    main(*sys.argv[1:])

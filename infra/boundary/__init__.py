"""A pack of rules for any CDK app: nothing leaves the Union, nothing stays for ever. It knows nothing of Fugace."""

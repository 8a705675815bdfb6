"""The embedded AWS: ministack, of one version, with the AWS behaviours that it lacks and this product needs.

Run with the interpreter of `.fugace/emulator` alone. Product code never comes here, and nothing outside of this
folder knows which emulator it is: everything else speaks to an AWS endpoint.
"""

"""What tests of the running product share: Dagster's processes, its GraphQL API, a browser.

Belongs here: starting, asking and stopping real processes on the loopback interface. Does not: any test of the product.
"""

"""The queue of deliveries: claims and order, attempts and their results, operators' orders.

It knows no channel.
"""

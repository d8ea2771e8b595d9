"""The auditor: reads journals, topics, databases and mails, and checks every promise.

It shares no code with what it audits.
"""

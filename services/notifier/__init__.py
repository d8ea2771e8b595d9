"""Mail: receipt, questions, rejections and resolutions.

Each owed mail is a row first and an SMTP transaction after.
"""

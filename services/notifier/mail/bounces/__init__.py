"""Mail that came back after a server had taken it.

A return path for each mail, the reports sent to it, and what they say.
"""

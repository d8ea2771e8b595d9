"""Mail that came back after a server had taken it: a return path for each mail, the reports sent to it, and what they say."""

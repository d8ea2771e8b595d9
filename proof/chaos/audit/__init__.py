"""The auditor: reads journals, topics, databases and mails by itself, and shares no code with what it audits."""

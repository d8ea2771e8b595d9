"""Mail: receipt, questions, rejections and resolutions; each owed mail is a row first and an SMTP transaction after."""

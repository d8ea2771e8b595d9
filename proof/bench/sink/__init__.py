"""Where mails go while something is measured."""

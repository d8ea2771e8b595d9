"""The public site: server-rendered pages in Finnish, Swedish and English."""

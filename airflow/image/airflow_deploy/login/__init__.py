"""Who may log in to the web page, and how: what webserver_config.py puts together."""

"""For jupyter-server-proxy: Convscope at /user/NAME/convscope/, one server a user, who is logged in already.

Goes to where Jupyter looks for it (`jupyter --paths`), in the image that the hub starts.
"""

c = get_config()  # type: ignore[name-defined]  # noqa: F821  Jupyter gives it to this file

c.ServerProxy.servers = {
    "convscope": {
        "command": ["sh", "-c", "cd /opt/convscope && exec venv/bin/python -m deploy.server"],
        "environment": {
            "STREAMLIT_SERVER_ADDRESS": "127.0.0.1",
            "STREAMLIT_SERVER_PORT": "{port}",
            # Streamlit has to know what stands before its own addresses, and is given it whole.
            "STREAMLIT_SERVER_BASE_URL_PATH": "{base_url}convscope",
            "CONVSCOPE_WORKERS": "1",
        },
        "absolute_url": True,
        "timeout": 90,
        "launcher_entry": {"title": "Convscope"},
    }
}

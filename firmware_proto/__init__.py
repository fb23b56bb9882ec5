"""The sensor's side of the link: its wire protocol, its golden bytes, and a virtual sensor that speaks it."""

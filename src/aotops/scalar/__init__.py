"""The language of scalar functions: what they may call, what names mean, how they run as plain Python."""

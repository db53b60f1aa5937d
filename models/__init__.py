"""Text in, parts and topics out: no clock, network, event loop or logger; files only in `store` and `corpus`."""

"""Who may do what: clients' keys and their limits, certificates, what the settings say of them."""

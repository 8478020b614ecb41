"""Who runs the machines of a service: one small interface (`base`), and those that fulfil it."""

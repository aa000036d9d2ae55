"""What nodes say to each other: messages, the handlers that answer them, addresses."""

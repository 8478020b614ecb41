"""What a balancer talks to: engines, real and emulated, and how to read what they say of their load."""

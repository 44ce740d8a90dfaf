"""What the delivery machine (tests/test_delivery_machine.py) is made of: processes, browsers and the school behind."""

"""What a person may ask of whoever keeps records of them: a copy, an end, and who has looked."""

"""What a student does with a player in a real browser, and whether the row says what was really played."""

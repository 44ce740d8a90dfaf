"""Who needs somebody: when the rules say so, what is read, and what a dismissal holds for."""

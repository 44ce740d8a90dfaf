"""People and enrolments from a CSV file: read, planned against who is here, carried out wholly or not at all."""

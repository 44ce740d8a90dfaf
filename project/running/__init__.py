"""Running: processes in the foreground, of one person on one machine; it knows neither Django nor what they serve."""

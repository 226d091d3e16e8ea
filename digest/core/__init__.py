"""What every room uses: values, errors, text, the calendar, categories, settings."""

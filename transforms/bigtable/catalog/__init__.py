"""What is there: tables with their families and rules, read and made through the admin API."""

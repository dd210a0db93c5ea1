"""Tables, their families and garbage collection rules, read and created through the admin API."""

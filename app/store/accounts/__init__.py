"""Who works at a clinic and how they sign in: staff, passwords, second factors, sessions."""

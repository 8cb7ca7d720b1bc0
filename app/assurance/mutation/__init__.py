"""Small slips made in the rules on purpose: each is noticed, or proved to change nothing."""

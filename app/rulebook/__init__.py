"""From rules/ to values: reading, checking, and the archive of published rulebooks."""

"""The desk: studies of one folder, from a table to the report, in the browser of this computer."""

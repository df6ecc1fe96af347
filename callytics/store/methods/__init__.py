"""The methods of CallStore by subject, a class per file. Most open a transaction, and hand it to a function of
callytics/store/ that is a part of it."""

"""What comes in over HTTP: texts that real phones show, receipts that vendors push."""

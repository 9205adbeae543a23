"""What is on next, until when that holds, and whether every notice gets its lawful time.

Pure: time is an argument, and so is everything that was shown before.
"""

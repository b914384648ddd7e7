"""The cellar: clock, disk, log and whatever else stands under every room."""

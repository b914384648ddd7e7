"""The glass room: files of strangers are opened here, in processes without rights."""

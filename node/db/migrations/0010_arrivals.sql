-- Whether the door found the body to be the plain document it was read as: then it is not looked through again.
ALTER TABLE inbox_items ADD COLUMN plain boolean NOT NULL DEFAULT false;

"""Papers for people: model card, audit sheet, the page of the owner; each number says where it stands in the record."""

module example.com/graytag

go 1.24

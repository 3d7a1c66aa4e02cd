module example.org/std

go 1.18

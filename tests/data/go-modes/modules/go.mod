module example.org/modules

go 1.18

require example.org/codec v1.2.3

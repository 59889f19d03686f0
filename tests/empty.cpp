// Nothing: a main file for headers that are put before it with -include.

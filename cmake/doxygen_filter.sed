# What Doxygen is to read in place of a header, line for line: the opening comment is the file's; the lines of an argument,
# `name [shape]   what it is`, are a list; errors have a section of their own.
1s,^#pragma once$,/// @file,
s,^( *)/// ([a-z_]+( \[[^]]*\])?)   +,\1/// - **\2** ,
s,^( *)/// Throws ([A-Za-z:_]+(Error|error|argument)) ,\1/// @throws \2 ,

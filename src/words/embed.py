"""Writes a file as a C array: embed.py INPUT OUTPUT NAME."""
import sys

source, target, name = sys.argv[1:4]
with open(source, 'rb') as f:
    data = f.read()
with open(target, 'w') as f:
    f.write('#include "words/entry.h"\n\nconst unsigned char %s[] = {\n' % name)
    for i in range(0, len(data), 24):
        f.write(','.join(str(b) for b in data[i:i + 24]) + ',\n')
    f.write('0};\nconst size_t %s_size = %d;\n' % (name, len(data)))

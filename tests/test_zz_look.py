from pathlib import Path
def test_look(lab):
    src="""from ifcn_lab.widgets import tour
S={s.name:s.make for s in tour.stops()}
S['%s']()"""
    out=Path('/tmp/wid/png')
    for n in ('assembler','explorer','coherence'):
        nb=lab.open(lab.write(n+'.ipynb', src%n))
        nb.page.set_viewport_size({'width':1366,'height':768})
        nb.run_all()
        nb.page.wait_for_selector('.ifcn')
        nb.page.wait_for_timeout(1500)
        nb.page.evaluate("document.querySelector('.ifcn').scrollIntoView({block:'start'})")
        nb.page.wait_for_timeout(1500)
        nb.page.screenshot(path=out/f'lab-{n}.png')
        print(nb.errors, nb.page.evaluate("(()=>{const b=document.querySelector('.ifcn').getBoundingClientRect();return [b.width,b.height]})()"))
        nb.close()
